class Refusal(Exception):
    """What cannot be done, said so that the person who asked for it knows what to change."""
