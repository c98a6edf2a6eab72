"""How each contender trains what a `Job` says. Each module loads its own library."""
