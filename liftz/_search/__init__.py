"""The parts of `liftz.tuning.OptunaSearch`, one concern each."""
