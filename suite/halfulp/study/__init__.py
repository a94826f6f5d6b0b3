"""Studies: the TOML file, the plan that it expands to, and carrying it out."""
