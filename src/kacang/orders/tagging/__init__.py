"""Tags: words of the merchant's own that its staff put on orders (O2, O3)."""
