/** A text in the reader's language; the server wrote it into the page. */
export const text = (key) => document.getElementById('crm-text')?.dataset[key] ?? ''

/** Calls handler(event, element) for events on elements that match, also on those that come later. */
export function on(type, selector, handler, options) {
  document.addEventListener(type, (event) => {
    const element = event.target.closest?.(selector)
    if (element) handler(event, element)
  }, options)
}

/** Calls handler(element) once for each matching element of the page and of every later swap. */
export function each(selector, handler) {
  const seen = new WeakSet()
  const meet = (element) => {
    if (seen.has(element)) return
    seen.add(element)
    handler(element)
  }
  const visit = (root) => {
    if (root.matches?.(selector)) meet(root)
    root.querySelectorAll?.(selector).forEach(meet)
  }
  visit(document)
  document.addEventListener('htmx:after:process', (event) => visit(event.target))
}

export function make(tag, className, content) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (content) node.textContent = content
  return node
}

/** Remembers a choice on this device; forbidden storage is no error. */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value)
  } catch {
    // The choice holds for this page only.
  }
}
