"""Networks that read and write symbols."""
