#include "viz/ui/glfw_host.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include <backends/imgui_impl_opengl3.h>

#include "viz/ui/format.hpp"
#include "viz/ui/glfw_library.hpp"
#include "viz/ui/picture.hpp"
#include "viz/ui/rasteriser.hpp"

#ifdef __SANITIZE_THREAD__
// Mesa's own threads synchronise within a library that is not instrumented: what the sanitizer sees
// of that is half of it. NOLINTNEXTLINE(bugprone-reserved-identifier): its name for this.
extern "C" const char* __tsan_default_suppressions() {
  return "race:swrast_dri.so\n";
}
#endif

namespace viz::ui {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
constexpr int least_width = 1100, least_height = 680;
constexpr double emulated_frame = 1.0 / 30, frame_time = 1.0 / 60, unfocused_frame = 1.0 / 10,
                 rest = 1.0;

std::string last_error(const GlfwLibrary& glfw) {
  const char* text = nullptr;
  glfw.GetError(&text);
  return text != nullptr ? text : "no reason given";
}

/// Images as OpenGL's textures. ImGui's handle is the texture's name.
class GlTextures : public Textures {
 public:
  explicit GlTextures(const GlFunctions& gl) : gl_(gl) {}

  ImTextureID show(const Image& image, ImTextureID before) override {
    GLuint name = name_of(before);
    if (name == 0) gl_.gen_textures(1, &name);
    gl_.bind_texture(GL_TEXTURE_2D, name);
    Size& size = sizes_[name];
    if (size.width == image.width && size.height == image.height) {
      gl_.tex_sub_image(GL_TEXTURE_2D, 0, 0, 0, image.width, image.height, GL_RGBA,
                        GL_UNSIGNED_BYTE, image.pixels.data());
    } else {
      gl_.tex_parameter(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
      gl_.tex_parameter(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
      gl_.tex_image(GL_TEXTURE_2D, 0, GL_RGBA, image.width, image.height, 0, GL_RGBA,
                    GL_UNSIGNED_BYTE, image.pixels.data());
      size = {image.width, image.height};
    }
    return reinterpret_cast<ImTextureID>(static_cast<std::uintptr_t>(name));
  }
  void forget(ImTextureID texture) override {
    const GLuint name = name_of(texture);
    gl_.delete_textures(1, &name);
    sizes_.erase(name);
  }

 private:
  static GLuint name_of(ImTextureID id) {
    return static_cast<GLuint>(reinterpret_cast<std::uintptr_t>(id));
  }
  struct Size {
    int width = 0, height = 0;
  };
  const GlFunctions& gl_;
  std::map<GLuint, Size> sizes_;
};

class Desktop {
 public:
  Desktop(const GlfwLibrary& glfw, const GlfwOptions& options) : glfw_(glfw) {
    if (glfw_.Init() == GLFW_FALSE) {
      throw std::runtime_error(
          "no display to open a window on (" + last_error(glfw_) +
          "). Over SSH use ssh -X; without a screen use --png FILE for a picture, or xvfb-run");
    }
    glfw_.WindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfw_.WindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
    window_ = glfw_.CreateWindow(options.app.width, options.app.height, options.title.c_str(),
                                 nullptr, nullptr);
    if (window_ == nullptr) {
      const std::string reason = last_error(glfw_);
      glfw_.Terminate();
      throw std::runtime_error("no OpenGL 3 on this display (" + reason +
                               "). LIBGL_ALWAYS_SOFTWARE=1 emulates it (Debian: libgl1-mesa-dri); "
                               "--png FILE needs none");
    }
    glfw_.MakeContextCurrent(window_);
    glfw_.SwapInterval(0);  // frames are paced here: an emulated vertical sync would block input
    const float scale = std::max(1.0f, options.app.scale);
    glfw_.SetWindowSizeLimits(window_, static_cast<int>(least_width * scale),
                              static_cast<int>(least_height * scale), GLFW_DONT_CARE,
                              GLFW_DONT_CARE);
  }
  ~Desktop() {
    glfw_.DestroyWindow(window_);
    glfw_.Terminate();
  }
  Desktop(const Desktop&) = delete;
  Desktop& operator=(const Desktop&) = delete;

  GLFWwindow* window() { return window_; }

 private:
  const GlfwLibrary& glfw_;
  GLFWwindow* window_ = nullptr;
};

/// What GLFW's callbacks reach through the window's user pointer.
struct Listener {
  const GlfwLibrary& glfw;
  Input& input;
  bool touched = true;

  static Listener& of(GLFWwindow* window) {
    return *static_cast<Listener*>(GlfwLibrary::get().GetWindowUserPointer(window));
  }
};

void listen(const GlfwLibrary& glfw, GLFWwindow* window, Listener& listener) {
  glfw.SetWindowUserPointer(window, &listener);
  glfw.SetKeyCallback(window, [](GLFWwindow* w, int key, int, int action, int mods) {
    if (action == GLFW_REPEAT) return;  // ImGui repeats keys itself
    Listener::of(w).touched = true;
    Listener::of(w).input.key(key, action == GLFW_PRESS,
                              {.control = (mods & GLFW_MOD_CONTROL) != 0,
                               .shift = (mods & GLFW_MOD_SHIFT) != 0,
                               .alt = (mods & GLFW_MOD_ALT) != 0});
  });
  glfw.SetCharCallback(window, [](GLFWwindow* w, unsigned code) {
    Listener::of(w).touched = true;
    Listener::of(w).input.character(code);
  });
  glfw.SetMouseButtonCallback(window, [](GLFWwindow* w, int button, int action, int) {
    Listener::of(w).touched = true;
    Listener::of(w).input.button(button, action == GLFW_PRESS);
  });
  glfw.SetCursorPosCallback(window, [](GLFWwindow* w, double x, double y) {
    Listener::of(w).touched = true;
    Listener::of(w).input.move(static_cast<float>(x), static_cast<float>(y));
  });
  glfw.SetCursorEnterCallback(window, [](GLFWwindow* w, int entered) {
    Listener::of(w).touched = true;
    if (entered == GLFW_FALSE) Listener::of(w).input.leave();
  });
  glfw.SetScrollCallback(window, [](GLFWwindow* w, double, double up) {
    Listener::of(w).touched = true;
    Listener::of(w).input.wheel(static_cast<float>(up));
  });
  glfw.SetWindowRefreshCallback(window, [](GLFWwindow* w) { Listener::of(w).touched = true; });
}

/// The window's pictures: by OpenGL, or by the rasteriser and shown by OpenGL.
class Painter {
 public:
  Painter(const GlFunctions& gl, bool emulated)
      : gl_(gl), emulated_(emulated), gl_textures_(gl), screen_textures_(gl) {}

  Textures& textures() { return emulated_ ? static_cast<Textures&>(plain_) : gl_textures_; }

  void paint(const ImDrawData& data, int width, int height) {
    gl_.viewport(0, 0, width, height);
    if (!emulated_) {
      gl_.clear(GL_COLOR_BUFFER_BIT);
      ImGui_ImplOpenGL3_RenderDrawData(const_cast<ImDrawData*>(&data));
      return;
    }
    image_.reset(static_cast<int>(data.DisplaySize.x), static_cast<int>(data.DisplaySize.y),
                 rgb(0));
    rasterise(data, image_);
    texture_ = screen_textures_.show(image_, texture_);
    // One rectangle, through the same backend.
    ImDrawList list{ImGui::GetDrawListSharedData()};
    list._ResetForNewFrame();
    list.PushClipRect({0, 0}, data.DisplaySize);
    list.AddImage(texture_, {0, 0}, data.DisplaySize);
    ImDrawList* lists[] = {&list};
    ImDrawData one = data;
    one.CmdLists = lists;
    one.CmdListsCount = 1;
    one.TotalVtxCount = list.VtxBuffer.Size;
    one.TotalIdxCount = list.IdxBuffer.Size;
    ImGui_ImplOpenGL3_RenderDrawData(&one);
  }

  /// What was painted last; before the buffers are swapped.
  Image picture(int width, int height) const {
    if (emulated_) return image_;
    Image upside_down{width, height}, image{width, height};
    gl_.read_pixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, upside_down.pixels.data());
    for (int y = 0; y < height; ++y) {
      const Colour* const from = upside_down.row(height - 1 - y);
      std::transform(from, from + width, image.row(y), [](Colour c) { return c | 0xff000000; });
    }
    return image;
  }

 private:
  const GlFunctions& gl_;
  bool emulated_;
  GlTextures gl_textures_, screen_textures_;
  ImageTextures plain_;
  Image image_;
  ImTextureID texture_ = nullptr;
};

bool is_emulated(const GlFunctions& gl) {
  const auto* const text = reinterpret_cast<const char*>(gl.get_string(GL_RENDERER));
  const std::string renderer = text != nullptr ? text : "";
  return renderer.find("llvmpipe") != std::string::npos ||
         renderer.find("softpipe") != std::string::npos ||
         renderer.find("SWR") != std::string::npos;
}

struct Cursors {
  explicit Cursors(const GlfwLibrary& glfw)
      : shapes{{ImGuiMouseCursor_TextInput, glfw.CreateStandardCursor(GLFW_IBEAM_CURSOR)},
               {ImGuiMouseCursor_ResizeEW, glfw.CreateStandardCursor(GLFW_HRESIZE_CURSOR)},
               {ImGuiMouseCursor_ResizeNS, glfw.CreateStandardCursor(GLFW_VRESIZE_CURSOR)}} {}
  GLFWcursor* of(ImGuiMouseCursor wanted) const {
    const auto found = shapes.find(wanted);
    return found != shapes.end() ? found->second : nullptr;  // null: the usual arrow
  }
  std::map<ImGuiMouseCursor, GLFWcursor*> shapes;
};

/// Sleeps until the next frame is due, or something is touched.
void wait_for_frame(const GlfwLibrary& glfw, GLFWwindow* window, bool moving, bool emulated,
                    Clock::time_point last) {
  if (!moving) {
    glfw.WaitEventsTimeout(rest);
    return;
  }
  const bool focused = glfw.GetWindowAttrib(window, GLFW_FOCUSED) != GLFW_FALSE;
  const double pace = emulated ? emulated_frame : focused ? frame_time : unfocused_frame;
  const double left = pace - std::chrono::duration<double>(Clock::now() - last).count();
  left > 0 ? glfw.WaitEventsTimeout(left) : glfw.PollEvents();
}

void use_clipboard(const GlfwLibrary& glfw, GLFWwindow* window) {
  ImGuiIO& io = ImGui::GetIO();
  io.ClipboardUserData = window;
  (void)glfw;
  io.SetClipboardTextFn = [](void* w, const char* text) {
    GlfwLibrary::get().SetClipboardString(static_cast<GLFWwindow*>(w), text);
  };
  io.GetClipboardTextFn = [](void* w) {
    return GlfwLibrary::get().GetClipboardString(static_cast<GLFWwindow*>(w));
  };
}

}  // namespace

std::string state_line(App& app) {
  const model::RunView& run = app.run();
  const WindowState& state = app.window().state();
  std::string line = "STATE now=" + clock_text(run.clock.now) +
                     " speed=" + speed_text(run.clock.speed) +
                     " playing=" + (run.clock.playing ? "1" : "0") +
                     " selected=" + std::to_string(static_cast<int>(run.selection.kind)) + ":" +
                     std::to_string(run.selection.index) + " zoom=" + short_text(state.map.zoom) +
                     " colouring=" + std::to_string(static_cast<int>(state.map.colouring)) +
                     " help=" + (state.help ? "1" : "0") + " light=" + (state.light ? "1" : "0");
  const auto& text = state.find;
  return line + " find=" + std::string{text.data()};
}

namespace {

/// Goes where the window is to begin, as soon as the run is known that far; true when that is done.
template <class Runs>
bool gone_to_beginning(Runs& runs, const model::RunView& run, const std::optional<Time>& at) {
  const bool loading = run.source.state == model::SourceState::loading;
  if (at && (!loading || run.clock.end >= *at)) {
    runs.on(model::Seek{*at});
    return true;
  }
  if (loading) return false;
  const bool untouched = run.clock.now == Time{} && !run.clock.playing;
  if (!at && run.source.kind == model::SourceKind::replay && untouched) {
    runs.on(model::Seek{telling_moment(run)});
  }
  return true;
}

template <class Runs>
void run_window(Runs& runs, const GlfwOptions& options) {
  const GlfwLibrary& glfw = GlfwLibrary::get();
  Desktop desktop{glfw, options};
  GLFWwindow* const window = desktop.window();
  const GlFunctions gl{glfw};
  const bool emulated = is_emulated(gl) && !options.opengl;
  Painter painter{gl, emulated};
  App::Options look = options.app;
  if (look.scale <= 0) {
    float x = 1, y = 1;
    glfw.GetWindowContentScale(window, &x, &y);
    look.scale = std::clamp(std::round(x * 4) / 4, 1.0f, 4.0f);
  }
  App app{painter.textures(), look};
  ImGui_ImplOpenGL3_Init("#version 130");
  ImGui_ImplOpenGL3_NewFrame();  // its shaders, and a texture of the fonts that we do without
  app.use_font_image();
  app.show(runs);
  use_clipboard(glfw, window);
  Listener listener{glfw, app.input()};
  listen(glfw, window, listener);
  const Cursors cursors{glfw};
  if (options.opened) options.opened(app);
  auto last = Clock::now();
  std::string told;
  bool begun = false, awake = true;
  while (glfw.WindowShouldClose(window) == GLFW_FALSE) {
    wait_for_frame(glfw, window, awake || app.is_moving(), emulated, last);
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - last).count();
    last = now;
    int width = 0, height = 0;
    glfw.GetFramebufferSize(window, &width, &height);
    if (width <= 0 || height <= 0) continue;  // iconified
    app.resize(width, height);
    const ImDrawData& data = app.frame(std::min(seconds, 0.25));
    awake = !begun;  // also for the frame after it has begun
    if (!begun) begun = gone_to_beginning(runs, app.run(), options.at);
    glfw.SetCursor(window, cursors.of(ImGui::GetMouseCursor()));
    const auto drawn = Clock::now();
    painter.paint(data, width, height);
    Wishes wishes = app.window().take_wishes();
    if (wishes.picture && options.picture) {
      app.window().state().remark = options.picture(painter.picture(width, height));
    }
    glfw.SwapBuffers(window);
    app.window().times().draw_ms = Milliseconds(Clock::now() - drawn).count();
    if (wishes.csv && options.csv) app.window().state().remark = options.csv(*wishes.csv);
    if (wishes.quit) break;
    if (options.tell && told != state_line(app)) options.tell(told = state_line(app));
  }
  if (options.closed) options.closed(app);
  ImGui_ImplOpenGL3_Shutdown();
}

}  // namespace

void show_window(model::Session& session, const GlfwOptions& options) {
  run_window(session, options);
}

void show_window(model::Comparison& comparison, const GlfwOptions& options) {
  run_window(comparison, options);
}

}  // namespace viz::ui
