// The one place that names the library: its bundle hides the global `htmx`, so every module takes it from here.
import htmx from 'htmx.org/dist/htmx.esm.min.js'

// htmx waits for the next turn; a key pressed before that would find nothing listening.
htmx.process(document.body)

export { htmx }
