// PostGraphile 5.1 asks for Node 22, and all that it misses on Node 20 is this.
Promise.withResolvers ??= function withResolvers() {
  const deferred = {};
  deferred.promise = new this((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};
