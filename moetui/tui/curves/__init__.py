"""What a page of charts shows: specs, groups, overlay, window and events."""
