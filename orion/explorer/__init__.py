"""The trace explorer: one page in which a study's traces can be read, filtered and compared, without a server."""
