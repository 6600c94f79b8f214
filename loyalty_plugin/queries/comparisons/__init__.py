"""What a draft changes against the version it would replace, in the reader's words; decides and writes nothing."""
