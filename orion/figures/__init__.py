"""Figures: each analysis drawn, as SVG and PNG, with the table of its numbers beside it."""
