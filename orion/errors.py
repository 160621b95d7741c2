"""The one exception a user is meant to read. Programs print it as one line and exit with code 2."""


class UserError(Exception):
    """Bad input. The text says what is wrong, where (file, row, key) and what to do."""
