// The one place that names the library: its bundle hides the global `htmx`, so every module takes it from here.
import htmx from 'htmx.org/dist/htmx.esm.min.js'

export { htmx }
