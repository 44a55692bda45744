"""Notebook 06's parts: ``broken`` variants, what they do ``at_rest`` and ``in_time``, and the ``checklist``."""
