import { each, on, remember } from './dom.js'

const root = document.documentElement
const YEAR = 365 * 24 * 3600

const press = (button) => button.setAttribute('aria-pressed', String(button.dataset.themeSet === root.dataset.theme))

on('click', '[data-theme-set]', (_event, button) => {
  const theme = button.dataset.themeSet
  root.dataset.theme = theme
  remember('crm_theme', theme)
  document.cookie = `crm_theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`
  root.dispatchEvent(new Event('crm:theme'))
  document.querySelectorAll('[data-theme-set]').forEach(press)
})

each('[data-theme-set]', press)
