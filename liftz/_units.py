"""Units of length, in mm."""

IN_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
