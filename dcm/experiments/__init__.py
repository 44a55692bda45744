"""One module per notebook, named as the notebook: a frozen ``Config`` and ``run(config, rng, progress) -> Result``.

``Config.quick()`` finishes in about a minute; ``Config.paper()`` is the paper's own scale. ``progress`` wraps an
iterable as ``tqdm.tqdm`` does; ``dcm.runs.progress_bar`` is one with sensible settings.
"""
