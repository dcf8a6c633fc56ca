"""Payment companies as servers of their own, one package each."""
