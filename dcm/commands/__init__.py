"""The commands that a user types: ``dcm figures``, ``dcm claims``, ``dcm bench``."""
