"""Hypothesis profiles: `HYPOTHESIS_PROFILE=thorough pytest` looks longer."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch start their threads

from hypothesis import settings  # noqa: E402

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "quick")
