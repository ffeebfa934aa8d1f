package terraform

// Literal is what makes strings mean themselves in our provider's configuration.
var Literal = literal
