// webpack as it comes: no loader, no experiment.
import webpack from "webpack";

const options = { mode: "production", entry: "./main.js", context: import.meta.dirname };
webpack(options, (error, stats) => {
  if (error) throw error;
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  for (const { message } of [...errors, ...warnings]) console.error(message);
  process.exitCode = errors.length + warnings.length === 0 ? 0 : 1;
});
