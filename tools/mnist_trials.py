"""The trials of mnist_search.py, in the order they were tried.

Each is a learner and what its recipe changes of ``START``.
"""

# Where the search began. Without a scale_output of its own, the output has scale_up.
START = {
    "scale_up": 3.3,
    "gain_hidden": 1.2,
    "gain_output": 7.0,
    "mixing_hidden": 0.1,
    "mixing_output": 0.2,
    "mixing_interneuron": 0.1,
    "hidden_threshold": 0.0,
    "output_threshold": -1.5,
    "base_rate": 0.01,
    "inter_rate": 5.0,
    "backprop_rate": 0.1,
    "single_rate": 0.03,
}
G = {"gain_hidden": 1.0, "gain_output": 10.0}
G20 = {"gain_hidden": 1.0, "gain_output": 20.0}
# The second round: short trials first, then longer ones; small weights into the output and quiet
# hidden cells.
SHORT = {**G20, "epochs": 16}
QUIET = {**SHORT, "scale_output": 0.3, "hidden_threshold": -2.0}
FAST = {**QUIET, "gain_output": 30.0, "base_rate": 0.015, "inter_rate": 4.0}
WIDE = {**FAST, "scale_up": 4.5, "gain_hidden": 4.0}
STRONG = {**WIDE, "gain_output": 50.0, "hidden_rate": [0.3, 1.0]}
LONG = {**STRONG, "epochs": 60, "mixing_output": 0.3, "scale_up": 2.5}
SHARED = {
    **LONG,
    "gain_output": 25.0,
    "gain_hidden": 2.0,
    "hidden_rate": [1.2, 2.0],
    "mixing_hidden": 0.2,
}
EQUAL = {
    **LONG,
    "gain_output": 17.0,
    "gain_hidden": 1.3,
    "hidden_rate": [2.7, 3.0],
    "mixing_hidden": 0.3,
}
MIXED = {
    **QUIET,
    "scale_up": 2.5,
    "gain_output": 4.0,
    "gain_hidden": 0.8,
    "base_rate": 0.015,
    "inter_rate": 4.0,
}
FIXED = {**WIDE, "gain_output": 20.0, "gain_hidden": 13.0}
NET = {"epochs": 20, "hidden_threshold": -1.0}
WIDE_NET = {
    "epochs": 20,
    "hidden_threshold": -2.0,
    "backprop_rate": 0.05,
    "hidden_rate": [10.0, 10.0],
    "scale_up": 4.0,
    "scale_output": 3.3,
}


def at(lam):
    """All mixing factors at one value."""
    return {"mixing_hidden": lam, "mixing_output": lam, "mixing_interneuron": lam}


TRIALS = [
    ("microcircuit", {}),
    ("backprop", {}),
    ("backprop", {"backprop_rate": 0.2, "scale_up": 1.0}),
    ("microcircuit", {"base_rate": 0.02}),
    ("microcircuit", G),
    ("microcircuit", {"scale_up": 2.5}),
    ("backprop", {"scale_up": 1.0}),
    ("microcircuit", {"mixing_output": 0.3}),
    ("microcircuit", {"inter_rate": 10.0}),
    ("microcircuit", {"base_rate": 0.005}),
    ("microcircuit", {**G, "gain_output": 15.0}),
    ("microcircuit", {**G, "gain_output": 20.0}),
    ("microcircuit", {**G, "inter_rate": 10.0}),
    ("microcircuit", {**G, "inter_rate": 10.0, "base_rate": 0.015}),
    ("microcircuit", {**G20, "base_rate": 0.02, "inter_rate": 2.5}),
    ("microcircuit", {**G20, "inter_rate": 2.5}),
    ("backprop", {"backprop_rate": 0.05}),
    ("microcircuit", {**G20, "gain_output": 30.0}),
    ("microcircuit", {**G20, "gain_hidden": 2.0}),
    ("backprop", {"backprop_rate": 0.1, "scale_up": 2.0}),
    ("microcircuit", {**G20, "scale_up": 2.0}),
    ("microcircuit", {**G20, "gain_output": 50.0}),
    ("microcircuit", {**G20, "gain_output": 80.0}),
    ("all plastic", {"hidden": [1000]}),
    ("all plastic", {"hidden": [1000], **G20}),
    ("microcircuit", {**G20, "gain_output": 30.0, "scale_up": 2.0}),
    ("microcircuit", {**G20, "scale_up": 1.4}),
    ("backprop", {"backprop_rate": 0.1, "scale_up": 5.0}),
    ("hidden to hidden frozen", G20),
    ("hidden to hidden frozen", {**G20, "gain_output": 30.0, "scale_up": 2.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 4.0}),
    ("hidden to hidden frozen", {**G20, "scale_up": 1.0}),
    ("hidden to hidden frozen", {**G20, "base_rate": 0.02}),
    ("hidden to hidden frozen", {}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 12.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 12.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 4.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {**G20, "gain_hidden": 4.0, "scale_up": 8.0}),
    (
        "hidden to hidden frozen",
        {"gain_hidden": 12.9, "gain_output": 1.83},
    ),  # top-down U(-1, 1) [SM*]
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 5.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 2.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {"gain_hidden": 30.0, "gain_output": 5.0, "scale_up": 5.0}),
    ("hidden to hidden frozen", {"gain_hidden": 12.9, "gain_output": 5.0, "scale_up": 8.0}),
    ("microcircuit", {**at(0.5), "epochs": 8}),
    ("frozen hidden layers", {"epochs": 20}),
    ("frozen hidden layers", {"epochs": 20, "base_rate": 0.05, "inter_rate": 1.0}),
    ("microcircuit", {**at(0.3), "epochs": 8}),
    ("frozen hidden layers", {"epochs": 20, "base_rate": 0.05, "inter_rate": 1.0, "scale_up": 6.0}),
    ("single layer", {}),
    ("single layer", {"single_rate": 0.1}),
    ("single layer", {"single_rate": 0.01}),
    # The second round.
    ("backprop", {"epochs": 20, "hidden_rate": [3.0, 3.0]}),
    ("backprop", {"epochs": 20, "hidden_rate": [10.0, 10.0]}),
    ("backprop", NET),
    ("backprop", {**NET, "hidden_threshold": -2.0}),
    ("backprop", {"epochs": 20, "backprop_rate": 0.15}),
    ("backprop", {"epochs": 20, "backprop_rate": 0.05, "hidden_rate": [6.0, 6.0], "scale_up": 2.0}),
    ("backprop", {**NET, "hidden_rate": [3.0, 3.0]}),
    ("backprop", {**NET, "hidden_rate": [5.0, 5.0]}),
    ("backprop", {**NET, "backprop_rate": 0.05, "hidden_rate": [10.0, 10.0]}),
    ("backprop", {**NET, "backprop_rate": 0.03, "hidden_rate": [20.0, 20.0]}),
    ("backprop", {**WIDE_NET, "scale_output": 4.0}),
    ("backprop", WIDE_NET),
    ("microcircuit", SHORT),
    ("microcircuit", {**SHORT, "hidden_threshold": -1.0}),
    ("microcircuit", {**SHORT, "hidden_threshold": -2.0, "inter_rate": 10.0}),
    ("microcircuit", {**SHORT, "gain_output": 30.0, "scale_up": 2.0}),
    ("microcircuit", {**SHORT, "gain_output": 30.0, "scale_up": 2.0, "hidden_rate": [1.0, 0.3]}),
    ("microcircuit", {**SHORT, "gain_output": 30.0, "scale_up": 2.0, "hidden_rate": [3.0, 0.3]}),
    ("microcircuit", {**QUIET, "gain_output": 30.0, "base_rate": 0.02}),
    ("microcircuit", FAST),
    ("microcircuit", {**FAST, "base_rate": 0.02, "inter_rate": 2.5}),
    ("microcircuit", {**FAST, "hidden_threshold": -3.0}),
    ("microcircuit", {**FAST, "scale_up": 4.5}),
    ("microcircuit", {**FAST, "gain_hidden": 4.0, "hidden_rate": [0.3, 1.0]}),
    ("microcircuit", {**FAST, "mixing_output": 0.1}),
    ("microcircuit", {**WIDE, "base_rate": 0.01, "inter_rate": 5.0, "hidden_rate": [0.6, 2.0]}),
    ("microcircuit", {**WIDE, "base_rate": 0.01, "inter_rate": 5.0, "hidden_rate": [1.0, 4.0]}),
    ("microcircuit", STRONG),
    ("microcircuit", {**STRONG, "gain_output": 80.0}),
    ("microcircuit", {**STRONG, "base_rate": 0.02, "inter_rate": 3.0}),
    ("microcircuit", {**STRONG, "epochs": 60}),
    ("microcircuit", {**STRONG, "epochs": 60, "mixing_output": 0.3}),
    ("microcircuit", {**STRONG, "epochs": 60, "mixing_output": 0.5}),
    ("microcircuit", LONG),
    ("microcircuit", {**LONG, "hidden_rate": [1.0, 0.3]}),
    ("microcircuit", {**LONG, "hidden_rate": [0.5, 0.5]}),
    ("microcircuit", {**LONG, "scale_up": 1.5}),
    ("microcircuit", SHARED),
    ("microcircuit", {**SHARED, "scale_up": 1.5}),
    ("microcircuit", EQUAL),
    ("microcircuit", {**EQUAL, "mixing_interneuron": 0.3}),
    ("microcircuit", {**MIXED, **at(0.1), "hidden_rate": [6.0, 4.0]}),
    ("microcircuit", {**MIXED, **at(0.1), "hidden_rate": [3.0, 2.0]}),
    (
        "microcircuit",
        {**MIXED, **at(0.1), "hidden_rate": [5.0, 3.0], "base_rate": 0.01, "inter_rate": 6.0},
    ),
    ("microcircuit", {**MIXED, **at(0.3), "hidden_rate": [10.0, 8.0]}),
    ("microcircuit", {**MIXED, **at(0.3), "hidden_rate": [19.0, 12.5]}),
    ("microcircuit", {**MIXED, **at(0.5), "hidden_rate": [19.0, 12.5]}),
    ("microcircuit", {**MIXED, **at(0.5), "hidden_rate": [30.0, 20.0]}),
    (
        "microcircuit",
        {**MIXED, **at(0.5), "hidden_rate": [30.0, 12.0], "base_rate": 0.02, "inter_rate": 3.0},
    ),
    (
        "microcircuit",
        {**MIXED, **at(0.5), "gain_output": 8.0, "gain_hidden": 1.0, "hidden_rate": [7.5, 6.0]},
    ),
    ("microcircuit", {**MIXED, **at(0.1), "hidden_rate": [3.0, 2.0], "epochs": 60}),
    ("microcircuit", {**MIXED, **at(0.3), "hidden_rate": [19.0, 12.5], "epochs": 60}),
    (
        "microcircuit",
        {
            **MIXED,
            **at(0.5),
            "hidden_rate": [40.0, 12.0],
            "base_rate": 0.02,
            "inter_rate": 3.0,
            "epochs": 60,
        },
    ),
    ("hidden to hidden frozen", FIXED),
    ("hidden to hidden frozen", {**FIXED, "gain_output": 50.0}),
    ("hidden to hidden frozen", {**FIXED, "scale_up": 8.0}),
    ("hidden to hidden frozen", {**FIXED, "hidden_rate": [3.0, 1.0]}),
    ("hidden to hidden frozen", {**FIXED, "hidden_rate": [5.0, 1.0]}),
    ("hidden to hidden frozen", {**FIXED, "hidden_rate": [10.0, 1.0]}),
    ("hidden to hidden frozen", {**FIXED, "hidden_rate": [3.0, 1.0], "epochs": 50}),
    (
        "hidden to hidden frozen",
        {**FIXED, "hidden_rate": [3.0, 1.0], "epochs": 50, "scale_up": 7.0},
    ),
    # Do faster recipes end better over 200 epochs?
    ("microcircuit", {**G20, "gain_output": 30.0, "scale_up": 2.0, "epochs": 200}),
    ("microcircuit", {**SHARED, "epochs": 200}),
]
