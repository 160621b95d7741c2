"""Orion: a file-based, reproducible pipeline for error-aware reasoning distillation."""

__version__ = "0.1.0"
