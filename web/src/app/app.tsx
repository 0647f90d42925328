// The app: everything is built here, once, by hand.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { newCache } from "../api/queries";
import { TooltipProvider } from "../ui/tooltip";
import { newRouter } from "./router";

const cache = newCache();
const router = newRouter(cache);

export function App() {
  return (
    <QueryClientProvider client={cache}>
      <TooltipProvider>
        <RouterProvider router={router} />
      </TooltipProvider>
    </QueryClientProvider>
  );
}
