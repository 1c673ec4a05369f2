"""Picture to terminal bytes: detection, kitty, sixel, iTerm2, blocks, flow control."""
