// What does JupyterLab's launcher say of this project? A tile that opens the start page, written as the module
// that JupyterLab loads (module federation), so that no build step and no Node is needed.
(() => {
  const START = "notebooks/START_HERE.md";
  const PICTURE =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b5394"/>' +
    '<path d="M6 9h7v5h6v5h7" fill="none" stroke="#fff" stroke-width="2.5" stroke-linejoin="round"/>' +
    '<path d="M6 15c8 1 9 9 20 9" fill="none" stroke="#f0b45f" stroke-width="2.5"/></svg>';
  let shared;
  const load = async (name) => (await Object.values(shared[name])[0].get())();

  const plugin = (ILauncher, LabIcon) => ({
    id: "undercut:start",
    autoStart: true,
    optional: [ILauncher],
    activate: (app, launcher) => {
      const show = () => app.commands.execute("docmanager:open", { path: START, factory: "Markdown Preview" });
      app.commands.addCommand("undercut:start", {
        label: "Start here",
        caption: "What the notebooks answer, how to run one with other parameters, how to build the pages",
        icon: new LabIcon({ name: "undercut:logo", svgstr: PICTURE }),
        execute: show,
      });
      if (launcher) launcher.add({ command: "undercut:start", category: "Undercut", rank: 0 });
      // Where nothing but the launcher is open there is no work to come back to: say where to begin.
      app.restored.then(() => {
        const open = [...app.shell.widgets("main")].filter((widget) => !widget.id.startsWith("launcher"));
        if (open.length === 0) void show();
      });
    },
  });

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.undercut = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const [{ ILauncher }, { LabIcon }] = await Promise.all(
        [load("@jupyterlab/launcher"), load("@jupyterlab/ui-components")]);
      return () => ({ __esModule: true, default: plugin(ILauncher, LabIcon) });
    },
  };
})();
