"""The mechanism behind the exercises: from an answer to a verdict that names the mistake."""
