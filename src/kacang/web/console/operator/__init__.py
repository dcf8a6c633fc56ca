"""Pages of who operates the installation: merchants, visits to them, their log (I1, I3)."""
