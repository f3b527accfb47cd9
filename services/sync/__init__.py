"""What devices captured offline comes up; what changed for them goes down."""
