"""Examples are never failed for being slow: the machine that tests may be busy with something else."""

from hypothesis import settings

settings.register_profile("grading", deadline=None)
settings.load_profile("grading")
