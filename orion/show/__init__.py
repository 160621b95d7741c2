"""`python -m orion.show`: any artifact of the pipeline, readable in a terminal."""
