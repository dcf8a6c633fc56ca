"""The notices behind the bell: who of the staff has read which (N1)."""
