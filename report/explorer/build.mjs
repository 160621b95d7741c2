// Builds the explorer's front end: src/ and the libraries of package-lock.json -> one script and one style sheet, which
// orion/explorer puts into every page. The same lock gives the same bytes; a test holds that (tests/explorer).
//   npm ci && npm run build [FOLDER]
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

const outdir = process.argv[2] ?? "../../orion/explorer/assets";

// Of KaTeX's fonts only woff2, which every browser reads, goes into the page.
const onlyWoff2 = {
  name: "only-woff2",
  setup(setup) {
    setup.onLoad({ filter: /katex(\.min)?\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, ""),
      loader: "css",
      resolveDir: dirname(path),
    }));
  },
};

await build({
  entryPoints: { explorer: "src/main.js" },
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: "es2022",
  loader: { ".woff2": "dataurl" },
  legalComments: "none",
  plugins: [onlyWoff2],
  outdir,
});
