"""Tables from source codes to target codes, kept by finance as CSV."""
