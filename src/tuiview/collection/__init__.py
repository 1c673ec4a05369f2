"""What there is to review: items from folders, lookup tables and HDF5; orders and filters."""
