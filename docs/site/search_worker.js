// Browsers start no workers for a page that is opened from a folder. The search runs in a hidden
// frame instead, which offers its script what a worker has. The theme looks for `IFrameWorker`.
if (location.protocol === 'file:') {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement('iframe');
      frame.hidden = true;
      document.body.append(frame);
      this.scope = frame.contentWindow;
      this.scope.postMessage = (data) => this.dispatchEvent(new MessageEvent('message', {data}));
      const script = this.scope.document.createElement('script');
      this.started = new Promise((resolve) => { script.onload = resolve; });
      script.src = new URL(url, location.href).href;
      this.scope.document.body.append(script);
    }

    postMessage(data) {
      this.started.then(() => this.scope.dispatchEvent(new MessageEvent('message', {data})));
    }
  };
  window.Worker = window.IFrameWorker;
}
