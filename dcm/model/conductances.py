"""Conductances of the compartments; mixing and attenuation factors that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from dcm.model import checks


@dataclass(frozen=True)
class Conductances:
    """Conductances in units of C/ms (the capacitance C is 1); a leak of 0 is allowed.

    The defaults are not in the paper's main text. Several independent re-implementations use them,
    so they are believed to come from its supplement; such numbers are marked [SM*] everywhere.

    Parameters
    ----------
    leak : float
        g_lk of every soma; larger = faster decay to rest.
    basal : float
        g_B, basal dendrite to pyramidal soma; larger = somata follow their bottom-up input closer.
    apical : float
        g_A, apical dendrite to hidden pyramidal soma; larger = stronger influence of the error.
    dendritic : float
        g_D, dendrite to soma of an interneuron; larger = it listens less to the layer above.
    somatic : float
        g_som, nudging of interneurons from above and of the output; larger = stronger teaching.

    Raises
    ------
    ValueError
        If a conductance is negative, beyond 1e100 or not finite, or if a soma has no dendritic
        input at all.
    """

    leak: float = 0.1
    basal: float = 1.0
    apical: float = 0.8
    dendritic: float = 1.0
    somatic: float = 0.8

    def __post_init__(self):
        for field in fields(self):
            needed = field.name in ("basal", "dendritic")
            check = checks.positive if needed else checks.non_negative
            value = check(f"conductance {field.name}", getattr(self, field.name))
            object.__setattr__(self, field.name, value)

    @classmethod
    def from_mixing(
        cls, hidden, output, interneuron=None, *, leak=0.0, basal=1.0, dendritic=1.0
    ) -> Conductances:
        """Conductances with given mixing factors λ, each in [0, 1).

        ``hidden`` fixes g_A, ``output`` g_som, and ``interneuron``, if given, ``dendritic``.

        Raises
        ------
        ValueError
            If a factor or a conductance is out of its range.
        """
        hidden = _mixing_factor("hidden", hidden)
        output = _mixing_factor("output", output)
        leak = checks.non_negative("conductance leak", leak)
        basal = checks.positive("conductance basal", basal)
        apical = hidden * (leak + basal) / (1 - hidden)
        somatic = output * (leak + basal) / (1 - output)
        if interneuron is not None:
            interneuron = checks.positive("interneuron", _mixing_factor("interneuron", interneuron))
            dendritic = somatic * (1 - interneuron) / interneuron - leak
            if dendritic <= 0:
                found = f"mixing factor interneuron is {interneuron:g}, too large for this output"
                raise ValueError(f"{found}; lower interneuron or leak, or raise output")
        return cls(leak, basal, apical, dendritic, somatic)

    @property
    def mixing_hidden(self) -> float:
        """λ_hid = g_A / (g_lk + g_B + g_A): share of the apical dendrite in a hidden soma."""
        return self.apical / (self.leak + self.basal + self.apical)

    @property
    def mixing_output(self) -> float:
        """λ_out = g_som / (g_lk + g_B + g_som): share of the target in a nudged output soma."""
        return self.somatic / (self.leak + self.basal + self.somatic)

    @property
    def mixing_interneuron(self) -> float:
        """λ_I = g_som / (g_lk + g_D + g_som): share of the layer above in an interneuron soma."""
        return self.somatic / (self.leak + self.dendritic + self.somatic)

    @property
    def attenuation_hidden(self) -> float:
        """v̂_B / v_B of a hidden pyramidal cell, whose soma also carries the apical load (Eq. 7)."""
        return self.basal / (self.leak + self.basal + self.apical)

    @property
    def attenuation_output(self) -> float:
        """v̂_B / v_B of an output cell: no apical dendrite, and nudging is no prediction (Eq. 7)."""
        return self.basal / (self.leak + self.basal)

    @property
    def attenuation_interneuron(self) -> float:
        """v̂_I / v_I of an interneuron (Eq. 8)."""
        return self.dendritic / (self.leak + self.dendritic)


def _mixing_factor(name: str, value) -> float:
    """``value`` as a float, or ``ValueError`` unless it is in [0, 1)."""
    wanted = "a number from 0 up to but not including 1"
    factor = checks.number(f"mixing factor {name}", value, wanted)
    if not 0 <= factor < 1:
        raise ValueError(f"mixing factor {name} is {checks.shown(value)}; give {wanted}")
    return factor
