"""What the numbers of an experiment must be: each of the kind of its default."""

from dataclasses import fields

from dcm.model import checks
from dcm.model.transfer import check_transfer


def check(config, zero=(), learner=()) -> None:
    """Take a config's fields as plain numbers and tuples of them, or raise ``ValueError``.

    Whole numbers are at least 1, or 0 for the fields ``zero``; what is positive by default is not
    negative; a learner is one of ``learner``.
    """
    for field in fields(config):
        given = getattr(config, field.name)
        value = _like(field.name, given, field.default, least=int(field.name not in zero))
        object.__setattr__(config, field.name, value)
    low, high = (getattr(config, name, 0.0) for name in ("low", "high"))
    if low > high:
        raise ValueError(f"low is {low:g}, high is {high:g}; give low <= high")
    if learner and config.learner not in learner:
        found = f"learner is {config.learner!r}"
        raise ValueError(f"{found}; choose from {', '.join(learner)}")


def check_run(config, kind: type, rng) -> None:
    """``ValueError`` unless a ``run`` was given a config of this kind and a random generator."""
    checks.instance("config", config, kind, f"{kind.__module__}.Config()")
    checks.generator("rng", rng)


def _like(name: str, value, default, least: int):
    """``value``, checked as ``default`` demands."""
    if isinstance(default, tuple):
        entries = checks.sequence(name, value)
        if not entries:
            raise ValueError(f"{name} is empty; give a tuple such as {default}")
        smallest = min(default)
        return tuple(_like(f"{name}[{k}]", x, smallest, least) for k, x in enumerate(entries))
    if isinstance(default, int):
        return checks.count(name, value, least=least)
    if isinstance(default, float):
        return checks.non_negative(name, value) if default > 0 else checks.number(name, value)
    if callable(default):
        check_transfer(value)
        return value
    return checks.instance(name, value, type(default), repr(default))
