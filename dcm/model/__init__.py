"""The circuit and its rules: weights, conductances, potentials (Eqs. 1-5), plasticity (Eqs. 6-10), backprop beside it."""
