echo "machine ends"
