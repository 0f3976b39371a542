"""The parts of two benchmarks: the study's seven experiments, run again, and what each of its mistakes is worth.

The study is P. Perez Granero, "2D to 3D body pose estimation for sign language with Deep Learning" (UPC, 2020).
"""
