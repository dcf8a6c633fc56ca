"""The look of every page: tokens, components, icons, texts in two languages."""
