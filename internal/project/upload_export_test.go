package project

// ParseMetadata is for the fuzz target, which looks from outside.
var ParseMetadata = parseMetadata
