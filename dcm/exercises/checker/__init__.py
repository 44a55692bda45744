"""The mechanism behind the exercises: from an answer to an assessment that names the mistake."""
