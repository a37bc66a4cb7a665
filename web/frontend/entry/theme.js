// Runs before the first paint, so that a page never flashes in the wrong theme.
const root = document.documentElement
const system = matchMedia('(prefers-color-scheme: dark)')

function paint() {
  const chosen = root.dataset.theme
  root.dataset.bsTheme = chosen === 'auto' ? (system.matches ? 'dark' : 'light') : chosen
}

try {
  root.dataset.theme = localStorage.getItem('crm_theme') || root.dataset.theme
  root.dataset.times = localStorage.getItem('crm_times') || 'relative'
  root.dataset.keys = localStorage.getItem('crm_keys') || 'on'
} catch {
  // Storage may be forbidden; the server's choice from the cookie stands.
}
paint()
system.addEventListener('change', paint)
root.addEventListener('crm:theme', paint)
