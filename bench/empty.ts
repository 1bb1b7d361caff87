// What every compiled program costs before it does anything: V8's start.
