"""What a user types: ``dcm figures``, ``dcm claims``, ``dcm bench``."""
