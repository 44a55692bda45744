"""The circuit and its rules: dendrites (Eqs. 3-5), plasticity (Eqs. 6-10), backprop."""
