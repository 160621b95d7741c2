"""Teachers: `ask.py` sends any prompts to one, `cots.py` draws CoTs until they are right, `recorded.py` takes them from
files, `forecast.py` says what it will cost; `python -m orion.teacher` is the stage."""
