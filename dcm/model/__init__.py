"""The circuit and its rules: potentials (Eqs. 1-5), plasticity (Eqs. 6-10), backprop."""
