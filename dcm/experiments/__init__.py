"""One folder per notebook, named as the notebook: everything about its figures.

``experiment``: a frozen ``Config`` and ``run(config, rng, progress, checkpoint) -> Result``, with
``Config.quick()`` of about a minute and ``Config.paper()`` at the paper's scale (``Config()`` where
both take seconds). ``runs``: what is run at that scale. ``panels``: one function per panel, of a
list of results. ``claims``: how the results are judged. ``explorer``: sliders. What several folders
share is in ``measures``.
"""
