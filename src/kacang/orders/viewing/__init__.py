"""How people like their list of orders: saved views, columns, density (O2)."""
