// paint.mjs URL COOKIES PROJECT FILE: open a file from the explorer in Chromium, and
// print the milliseconds from the click to its first lines on the screen.
//
// The browser is new, so it has no copy of the document; the page of the project was
// open before, and so was a file, so that the editor's program is there.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

const [url, cookies, project, file] = process.argv.slice(2)
const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core')
const executablePath = [process.env.LYCEUM_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(p => p && existsSync(p))
if (!executablePath) throw new Error('there is no Chromium')

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const context = await browser.newContext({ serviceWorkers: 'block' })
  await context.addCookies(cookies.split('; ').map(c => {
    const at = c.indexOf('=')
    return { name: c.slice(0, at), value: c.slice(at + 1), url }
  }))
  const page = await context.newPage()
  await page.goto(`${url}/projects/${project}`)
  await page.getByRole('banner').getByText('Running').waitFor()
  await page.getByRole('treeitem', { name: 'small-0.txt', exact: true }).click()
  await page.locator('.cm-line:visible').first().waitFor()
  const ms = await page.evaluate(name => new Promise((done, fail) => {
    const row = [...document.querySelectorAll('[role=treeitem]')].find(r => r.textContent.includes(name))
    if (!row) return fail(new Error(`${name} is not in the explorer`))
    const from = performance.now()
    const look = () => {
      for (const line of document.querySelectorAll('.cm-line')) {
        if (line.offsetParent && line.textContent.includes('0123456789')) {
          // The frame after the one in which it is there has been painted.
          requestAnimationFrame(() => setTimeout(() => done(performance.now() - from)))
          return
        }
      }
      requestAnimationFrame(look)
    }
    const box = row.getBoundingClientRect()
    const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + 5, button: 0 }
    for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
      row.dispatchEvent(type.startsWith('pointer') ? new PointerEvent(type, at) : new MouseEvent(type, at))
    }
    requestAnimationFrame(look)
  }), file)
  console.log(ms.toFixed(1))
} finally {
  await browser.close()
}
