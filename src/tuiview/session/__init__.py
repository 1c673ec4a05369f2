"""A review without a screen: collection, view, cursor, display, store and loader in one hand."""
